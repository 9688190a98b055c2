"""Querysets that are compiled once. What runs for every rating need not be worked out anew for every rating.

The ORM takes about half a millisecond to turn a queryset into SQL, several times what the database takes to answer it.
A `Prepared` one does that at its first call; later calls only put their own values in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Expression, Field, Model, QuerySet
from django.db.models.query import ModelIterable, get_related_populators
from django.db.models.sql import InsertQuery, UpdateQuery

R = TypeVar("R")
M = TypeVar("M", bound=Model)

_BATCH = 1_000


class Bound(Expression):
    """The place of a value that comes with each call of a prepared statement, under its name.

    `bound(Slot, "token")` is the place of a value `token` as that column takes it.
    """

    def __init__(self, name: str, output_field: Field[Any, Any]) -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "%s", [self]


def bound(model: type[Model], field: str, name: str = "") -> Bound:
    column = model._meta.get_field(field)
    assert isinstance(column, Field)
    return Bound(name or field, column)


@dataclass(frozen=True, slots=True)
class _Statement:
    """SQL and its parameters: constants, and `Bound` where a call's value goes."""

    sql: str
    parameters: Sequence[Any]

    def filled(self, values: dict[str, Any]) -> list[Any]:
        return [
            parameter.output_field.get_db_prep_value(values[parameter.name], connection)
            if isinstance(parameter, Bound)
            else parameter
            for parameter in self.parameters
        ]


@dataclass(frozen=True, slots=True)
class _Select:
    statement: _Statement
    made: Callable[[Any], Any]
    """From the rows as the database gives them to what the queryset would have yielded."""


class Prepared(Generic[R]):
    """A queryset, compiled at its first call: of instances (also with `select_related`) or of `values_list` tuples.

    `build` makes it, with `Bound` wherever a value comes with the call. It must not prefetch.
    """

    def __init__(self, build: Callable[[], QuerySet[Any, R]]) -> None:
        self.build = build
        self.compiled: dict[str, _Select] = {}

    def __call__(self, **values: Any) -> list[R]:
        select = self.compiled.get(connection.vendor) or self._compile()
        with connection.cursor() as cursor:
            cursor.execute(select.statement.sql, select.statement.filled(values))
            rows = cursor.fetchall()
        found: list[R] = select.made(rows) if rows else []
        return found

    def first(self, **values: Any) -> R | None:
        found = self(**values)
        return found[0] if found else None

    def _compile(self) -> _Select:
        queryset = self.build()
        compiler = queryset.query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        made = _instances(compiler) if issubclass(queryset._iterable_class, ModelIterable) else _tuples(compiler)
        select = _Select(_Statement(sql, tuple(parameters)), made)
        self.compiled[connection.vendor] = select
        return select


class PreparedUpdate:
    """`queryset.update(**changes)`, compiled at its first call. Returns how many rows it changed."""

    def __init__(self, build: Callable[[], QuerySet[Any]], **changes: Any) -> None:
        self.build = build
        self.changes = changes
        self.compiled: dict[str, _Statement] = {}

    def __call__(self, **values: Any) -> int:
        statement = self.compiled.get(connection.vendor) or self._compile()
        with connection.cursor() as cursor:
            cursor.execute(statement.sql, statement.filled(values))
            return int(cursor.rowcount)

    def _compile(self) -> _Statement:
        query: Any = self.build().query.chain(UpdateQuery)
        query.add_update_values(self.changes)
        sql, parameters = query.get_compiler(connection=connection).as_sql()
        statement = self.compiled[connection.vendor] = _Statement(sql, tuple(parameters))
        return statement


class PreparedInsert(Generic[M]):
    """`objects.create(**values)`, compiled at its first call. Columns that are not named get their defaults."""

    def __init__(self, model: type[M]) -> None:
        self.model = model
        self.compiled: dict[str, _Statement] = {}

    def __call__(self, **values: Any) -> M:
        statement = self.compiled.get(connection.vendor) or self._compile()
        row = self.model(**values)
        with connection.cursor() as cursor:
            cursor.execute(statement.sql, statement.filled(vars(row)))
            (row.pk,) = cursor.fetchone()
        row._state.adding, row._state.db = False, connection.alias
        return row

    def _compile(self) -> _Statement:
        opts = self.model._meta
        fields = [field for field in opts.local_concrete_fields if not field.primary_key]
        query: Any = InsertQuery(self.model)
        query.insert_values(fields, [self.model(**{field.attname: Bound(field.attname, field) for field in fields})])
        compiler = query.get_compiler(connection=connection)
        compiler.returning_fields = [opts.pk]
        ((sql, parameters),) = compiler.as_sql()
        statement = self.compiled[connection.vendor] = _Statement(sql, tuple(parameters))
        return statement


def rows_insert(model: type[Model], *, columns: Sequence[str], rows: Iterable[Sequence[int | str]]) -> None:
    """Put in rows by the hundred thousand without making an instance of each; values as the database takes them.

    `columns` are of numbers and texts only, and name all that have no default in the database.
    """
    names = ", ".join(connection.ops.quote_name(column) for column in columns)
    table = connection.ops.quote_name(model._meta.db_table)
    place = f"({', '.join(['%s'] * len(columns))})"
    waiting = iter(rows)
    with connection.cursor() as cursor:
        while batch := list(islice(waiting, _BATCH)):
            places = ", ".join([place] * len(batch))
            cursor.execute(f"INSERT INTO {table} ({names}) VALUES {places}", list(chain.from_iterable(batch)))  # noqa: S608


def _tuples(compiler: Any) -> Callable[[Any], list[Any]]:
    converted = _converted(compiler)
    return lambda rows: [tuple(row) for row in converted(rows)]


def _instances(compiler: Any) -> Callable[[Any], list[Any]]:
    """As the ORM makes instances of rows, and of what `select_related` joined to them."""
    model: type[Model] = compiler.klass_info["model"]
    fields = compiler.klass_info["select_fields"]
    own = slice(fields[0], fields[-1] + 1)
    names = [column[0].target.attname for column in compiler.select[own]]
    joined = get_related_populators(compiler.klass_info, compiler.select, connection.alias)  # type: ignore[call-arg]
    annotations: dict[str, int] = compiler.annotation_col_map
    converted = _converted(compiler)

    def made(rows: Any) -> list[Any]:
        found = []
        for row in converted(rows):
            instance = model.from_db(connection.alias, names, row[own])
            for populator in joined:
                populator.populate(row, instance)
            for name, column in annotations.items():
                setattr(instance, name, row[column])
            found.append(instance)
        return found

    return made


def _converted(compiler: Any) -> Callable[[Any], Iterable[Any]]:
    """From what the driver gives to what the columns' fields mean (SQLite knows neither dates nor UUIDs)."""
    converters = compiler.get_converters([column[0] for column in compiler.select[: compiler.col_count]])
    return partial(compiler.apply_converters, converters=converters) if converters else iter
