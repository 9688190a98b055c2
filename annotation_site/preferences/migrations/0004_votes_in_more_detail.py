from django.db import migrations, models
from django.db.models import Case, Count, F, FloatField, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Cast, Coalesce, Greatest, NullIf

SIDES = [("a", "Candidate A"), ("b", "Candidate B")]


def left_came_first(apps, schema_editor):
    """Until now every page played the left one of two clips first."""
    apps.get_model("preferences", "Vote").objects.update(first=F("left"))


def count_places(apps, schema_editor):
    slots = apps.get_model("preferences", "VoteSlot").objects.filter(task=OuterRef("pk")).order_by().values("task")
    count = Subquery(slots.annotate(n=Count("pk")).values("n"))
    apps.get_model("preferences", "PreferenceTask").objects.update(places=Coalesce(count, F("places")))


class Migration(migrations.Migration):
    dependencies = [
        ("preferences", "0003_closed_tasks"),
    ]

    operations = [
        migrations.AddField(
            model_name="preferencetask",
            name="places",
            field=models.PositiveSmallIntegerField(
                default=3, help_text="How many slots it has: so many votes decide it."
            ),
        ),
        migrations.AddField(
            model_name="preferencetask",
            name="unanimous",
            field=models.GeneratedField(
                db_persist=True,
                expression=~Q(winner="") & (Q(votes_a=0) | Q(votes_b=0)),
                help_text="Decided without a vote against it.",
                output_field=models.BooleanField(),
            ),
        ),
        migrations.AddField(
            model_name="preferencetask",
            name="agreement",
            field=models.GeneratedField(
                db_persist=True,
                expression=Case(
                    When(
                        ~Q(winner=""),
                        then=Cast(Greatest("votes_a", "votes_b"), FloatField())
                        / NullIf(Cast(F("votes_a") + F("votes_b"), FloatField()), Value(0.0)),
                    )
                ),
                help_text="The share of its votes that went to the winner; empty without one.",
                output_field=models.FloatField(null=True),
            ),
        ),
        migrations.AddField(
            model_name="voteslot",
            name="first",
            field=models.CharField(
                blank=True,
                choices=SIDES,
                help_text="Which of two clips the page plays first; drawn with the lease, whatever the side.",
                max_length=1,
            ),
        ),
        migrations.AddField(
            model_name="vote",
            name="first",
            field=models.CharField(
                blank=True, choices=SIDES, help_text="Which of two clips was to play first.", max_length=1
            ),
        ),
        migrations.AddField(
            model_name="vote",
            name="protocol",
            field=models.CharField(
                default="1", help_text="Version of the instructions that were shown.", max_length=16
            ),
        ),
        migrations.AlterField(
            model_name="vote",
            name="evidence",
            field=models.JSONField(blank=True, default=dict, help_text="Played ranges, switches, time in view, focus."),
        ),
        migrations.RunPython(left_came_first, migrations.RunPython.noop),
        migrations.RunPython(count_places, migrations.RunPython.noop),
    ]
