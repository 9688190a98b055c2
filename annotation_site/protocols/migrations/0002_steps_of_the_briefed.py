from django.db import migrations

from annotation_site.protocols.first import NUMBER, first_fields


def record_steps(apps, schema_editor):
    """Consent and briefing of before there were versions become steps of the first one."""
    rater_model, version_model, step_model = (
        apps.get_model(*names)
        for names in (("accounts", "Rater"), ("protocols", "ProtocolVersion"), ("protocols", "StepTaken"))
    )
    raters = rater_model.objects.filter(consented_at__isnull=False)
    if not raters.exists():
        return
    version, _ = version_model.objects.get_or_create(number=NUMBER, defaults=first_fields())
    steps = []
    for rater in raters.iterator():
        for step, at in (("consent", rater.consented_at), ("briefing", rater.briefed_at)):
            if at is not None:
                steps.append(step_model(rater=rater, version=version, step=step, taken_at=at))
    step_model.objects.bulk_create(steps, batch_size=500)
    raters.filter(briefed_at__isnull=False).update(protocol=version)


class Migration(migrations.Migration):
    dependencies = [
        ("protocols", "0001_initial"),
        ("accounts", "0002_steps_before_work"),
    ]

    operations = [
        migrations.RunPython(record_steps, migrations.RunPython.noop),
    ]
