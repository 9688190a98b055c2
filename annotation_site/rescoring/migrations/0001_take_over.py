"""The table of rescorings, with its rows, changes rooms: only Django's picture of who has it changes."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("scoring", "0001_initial"),
        ("training", "0003_rescorings_move_out"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="Rescoring",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("queued", "Queued"),
                                    ("running", "Running"),
                                    ("done", "Done"),
                                    ("failed", "Failed"),
                                    ("cancelled", "Cancelled"),
                                ],
                                db_index=True,
                                default="queued",
                                max_length=12,
                            ),
                        ),
                        ("done", models.PositiveBigIntegerField(default=0, help_text="Steps done so far.")),
                        (
                            "total",
                            models.PositiveBigIntegerField(default=0, help_text="Steps in all; 0 while unknown."),
                        ),
                        ("words", models.CharField(blank=True, help_text="What is being done now.", max_length=200)),
                        ("error", models.TextField(blank=True, help_text="Why it failed, and what to do.")),
                        ("cancel_requested", models.BooleanField(default=False)),
                        ("attempts", models.PositiveSmallIntegerField(default=0)),
                        ("worker", models.CharField(blank=True, max_length=120)),
                        ("created_at", models.DateTimeField()),
                        (
                            "sent_at",
                            models.DateTimeField(blank=True, help_text="When the doorbell was last rung.", null=True),
                        ),
                        ("started_at", models.DateTimeField(blank=True, null=True)),
                        ("heartbeat_at", models.DateTimeField(blank=True, null=True)),
                        ("finished_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "pool_size",
                            models.PositiveIntegerField(
                                default=2000, help_text="Unrated pairs drawn at random and scored."
                            ),
                        ),
                        (
                            "ask_for",
                            models.PositiveIntegerField(
                                default=40, help_text="How many go to the front of the raters' queue."
                            ),
                        ),
                        (
                            "control_share",
                            models.FloatField(
                                default=0.2, help_text="Share of them drawn at random, to measure the gain."
                            ),
                        ),
                        ("seed", models.PositiveIntegerField(default=0)),
                        ("folder", models.CharField(blank=True, max_length=400)),
                        ("n_asked", models.PositiveIntegerField(default=0)),
                        ("summary", models.JSONField(blank=True, default=dict)),
                        (
                            "campaign",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="rescorings",
                                to="scoring.campaign",
                            ),
                        ),
                        (
                            "created_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "version",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="rescorings",
                                to="training.modelversion",
                            ),
                        ),
                    ],
                    options={"db_table": "training_rescoring"},
                ),
            ]
        )
    ]
