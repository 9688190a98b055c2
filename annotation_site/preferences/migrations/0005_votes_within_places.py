from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    """Apart from the one before: PostgreSQL alters no table whose rows the same transaction has rewritten."""

    dependencies = [
        ("preferences", "0004_votes_in_more_detail"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="preferencetask",
            constraint=models.CheckConstraint(
                condition=Q(votes_a__lte=F("places") - F("votes_b")), name="task_has_no_more_votes_than_places"
            ),
        ),
    ]
