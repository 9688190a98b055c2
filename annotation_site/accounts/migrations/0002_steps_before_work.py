import django.core.validators
import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F


def admit_the_briefed(apps, schema_editor):
    """Who had agreed and been briefed before there were versions goes on as they were."""
    raters = apps.get_model("accounts", "Rater").objects.filter(consented_at__isnull=False, briefed_at__isnull=False)
    raters.update(admitted_at=F("briefed_at"))


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("protocols", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="rater",
            name="role",
            field=models.CharField(
                blank=True,
                choices=[
                    ("art_teacher", "I teach art"),
                    ("music_teacher", "I teach music"),
                    ("graduate", "I am a graduate student"),
                    ("artist", "I am a painter, musician or designer"),
                    ("other", "Something else"),
                ],
                max_length=13,
            ),
        ),
        migrations.AddField(
            model_name="rater",
            name="discipline",
            field=models.CharField(blank=True, help_text="Of their training: painting, composition ...", max_length=80),
        ),
        migrations.AddField(
            model_name="rater",
            name="training_years",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="Years of training in art or music.",
                null=True,
                validators=[django.core.validators.MaxValueValidator(80)],
            ),
        ),
        migrations.AddField(
            model_name="rater",
            name="background_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="rater",
            name="protocol",
            field=models.ForeignKey(
                blank=True,
                help_text="The version whose briefing they read last: their ratings carry its number.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="raters",
                to="protocols.protocolversion",
            ),
        ),
        migrations.AddField(
            model_name="rater",
            name="admitted_at",
            field=models.DateTimeField(
                blank=True, help_text="Since when they have taken every step that comes before work.", null=True
            ),
        ),
        migrations.RunPython(admit_the_briefed, migrations.RunPython.noop),
    ]
