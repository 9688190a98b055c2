from mpd_builder.snapshot.columns import COLUMNS, TABLES
from mpd_builder.snapshot.tables import SCHEMAS


def test_every_table_and_every_column_is_described():
    assert set(TABLES) == set(COLUMNS) == set(SCHEMAS)
    for name, schema in SCHEMAS.items():
        assert set(schema.names) <= set(COLUMNS[name]), name
        for words in (TABLES[name], *COLUMNS[name].values()):
            assert words[0].isupper() or words.startswith(("a or b", "train", "music->")), words
            assert words.endswith("."), words
            assert "|" not in words


def test_card_and_croissant_describe_the_same_columns(filled):
    import json

    card = (filled / "README.md").read_text()
    records = {each["@id"]: each for each in json.loads((filled / "croissant.json").read_text())["recordSet"]}
    for name, schema in SCHEMAS.items():
        told = records["pairs" if name.startswith("pairs-") else name]["field"]
        assert [field["name"] for field in told] == schema.names
        for column in schema.names:
            assert f"| `{column}` | {schema.field(column).type} | {COLUMNS[name][column]} |" in card
