from django.db import migrations, models
from django.db.models import F, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce


def fill(apps, schema_editor):
    """The sums of ratings that came before the columns did, by the database itself."""
    rating, pair = apps.get_model("scoring", "Rating"), apps.get_model("scoring", "Pair")
    counted = rating.objects.filter(pair=OuterRef("pk"), state="counted").order_by().values("pair")
    centred = F("value") - 0.5
    pair.objects.filter(rating_count__gt=0).update(
        value_total=Coalesce(Subquery(counted.annotate(total=Sum(centred)).values("total")), 0.0),
        value_squares=Coalesce(Subquery(counted.annotate(squares=Sum(centred * centred)).values("squares")), 0.0),
    )


class Migration(migrations.Migration):
    dependencies = [("scoring", "0006_reliability_targets")]

    operations = [
        migrations.AddField(
            model_name="pair",
            name="value_total",
            field=models.FloatField(default=0.0, help_text="Sum of its counted ratings, each less 0.5."),
        ),
        migrations.AddField(
            model_name="pair",
            name="value_squares",
            field=models.FloatField(default=0.0, help_text="Sum of their squares, each less 0.5 before it."),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
