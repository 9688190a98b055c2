from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("scoring", "0005_most_votes")]

    operations = [
        migrations.AddField(
            model_name="campaign",
            name="target_alpha",
            field=models.FloatField(
                default=0.8,
                help_text="Krippendorff's alpha should be at least this.",
                validators=[MinValueValidator(0.0), MaxValueValidator(1.0)],
            ),
        ),
        migrations.AddField(
            model_name="campaign",
            name="target_dispersion",
            field=models.FloatField(
                default=0.09,
                help_text="The mean dispersion of complete pairs should be at most this.",
                validators=[MinValueValidator(0.0), MaxValueValidator(0.5)],
            ),
        ),
        migrations.AddField(
            model_name="campaign",
            name="too_fast_s",
            field=models.FloatField(
                default=2.0,
                help_text="A rating is too fast if it took less than the clip and so many seconds more.",
                validators=[MinValueValidator(0.0), MaxValueValidator(60.0)],
                verbose_name="too fast below",
            ),
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("target_alpha__gte", 0),
                    ("target_alpha__lte", 1),
                    ("target_dispersion__gte", 0),
                    ("target_dispersion__lte", 0.5),
                    ("too_fast_s__gte", 0),
                ),
                name="campaign_targets_can_be_met",
                violation_error_message=(
                    "Alpha's target lies from 0 to 1, that of dispersion from 0 to 0.5, and no time is below 0."
                ),
            ),
        ),
    ]
