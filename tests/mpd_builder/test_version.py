import tomllib
from pathlib import Path

import mpd_builder


def test_the_builder_names_the_projects_version():
    project = Path(__file__).resolve().parents[2] / "pyproject.toml"
    assert mpd_builder.__version__ == tomllib.loads(project.read_text())["project"]["version"]
