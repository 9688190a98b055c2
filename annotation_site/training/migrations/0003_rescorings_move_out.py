"""Rescorings have a room of their own now. Their table stays as it is: `rescoring` takes it over with all its rows."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("training", "0002_runs_and_versions")]

    operations = [
        migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel(name="Rescoring")]),
    ]
