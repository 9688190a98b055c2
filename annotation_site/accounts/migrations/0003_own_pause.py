from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_steps_before_work"),
    ]

    operations = [
        migrations.AddField(
            model_name="rater",
            name="is_own_pause",
            field=models.BooleanField(
                default=False,
                help_text="Paused by the rater, who may go on without asking; else an admin paused them.",
            ),
        ),
        migrations.AddConstraint(
            model_name="rater",
            constraint=models.CheckConstraint(
                condition=models.Q(("is_own_pause", False), ("state", "paused"), _connector="OR"),
                name="rater_own_pause_is_a_pause",
            ),
        ),
    ]
