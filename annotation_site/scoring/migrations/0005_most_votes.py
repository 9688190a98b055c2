from django.db import migrations, models
from django.db.models import F
from django.db.models.functions import Greatest


def raise_limits(apps, schema_editor):
    """No campaign may have a limit below what it asks for already."""
    campaigns = apps.get_model("scoring", "Campaign").objects.all()
    campaigns.update(most_votes_per_task=Greatest(F("most_votes_per_task"), F("votes_per_task")))


class Migration(migrations.Migration):
    dependencies = [
        ("scoring", "0004_gate_number_and_breaks"),
    ]

    operations = [
        migrations.AddField(
            model_name="campaign",
            name="most_votes_per_task",
            field=models.PositiveSmallIntegerField(
                default=5,
                help_text="Undecided tasks can be given more votes, one at a time, up to so many.",
                verbose_name="most votes a task",
            ),
        ),
        migrations.RunPython(raise_limits, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(
                condition=models.Q(("most_votes_per_task__gte", models.F("votes_per_task"))),
                name="campaign_limits_votes_above_what_it_asks_for",
                violation_error_message="The most votes of a task cannot be fewer than each task asks for.",
            ),
        ),
    ]
