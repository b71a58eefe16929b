"""Reading ``$metadata`` (CSDL XML 4.01): types, enumerations and sets of all schemas, names made whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lxml import etree

from nodes.systems.odata.metadata import Model, Property, Type

CORE = "Org.OData.Core.V1."


def parse(xml: bytes) -> Model:
    """Reads a CSDL document without entities and without network. Raises ValueError if it is none."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(str(error)) from error
    return _Reader(root).model()


class _Reader:
    """One document."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.aliases = {
            one.get("Alias"): one.get("Namespace", "")
            for one in root.iterfind(".//*[@Alias]")
            if one.get("Namespace")
        }

    def model(self) -> Model:
        """Raises ValueError when there is nothing in it."""
        types = {name: self._type(name, one) for name, one in self._all("EntityType", "ComplexType")}
        enums = {
            name: [one.get("Name", "") for one in element.iterfind("{*}Member")]
            for name, element in self._all("EnumType")
        }
        plain = {
            name: self._whole(one.get("UnderlyingType", "")) for name, one in self._all("TypeDefinition")
        }
        for found in types.values():
            for name, one in found.properties.items():
                if one.edm in plain:
                    found.properties[name] = replace(one, edm=plain[one.edm])
        self._annotate(types)
        for found in types.values():
            _inherit(found, types)
        sets = {
            one.get("Name", ""): self._whole(one.get("EntityType", ""))
            for one in self.root.iterfind(".//{*}EntityContainer/{*}EntitySet")
        }
        if not sets:
            raise ValueError("it names no entity sets")
        return Model({name: kind for name, kind in sets.items() if kind in types}, types, enums)

    def _all(self, *tags: str) -> Iterator[tuple[str, Any]]:
        for schema in self.root.iterfind(".//{*}Schema"):
            for tag in tags:
                for one in schema.iterfind(f"{{*}}{tag}"):
                    yield f"{schema.get('Namespace')}.{one.get('Name')}", one

    def _whole(self, name: str) -> str:
        """A name with its namespace in place of the alias."""
        space, dot, rest = name.rpartition(".")
        return f"{self.aliases.get(space, space)}{dot}{rest}"

    def _kind(self, text: str) -> tuple[str, bool]:
        """A type, and whether it is a collection of it."""
        many = text.startswith("Collection(")
        return self._whole(text[len("Collection(") : -1] if many else text), many

    def _type(self, name: str, element: Any) -> Type:
        found = Type(
            name, base=self._whole(element.get("BaseType", "")), open=element.get("OpenType") == "true"
        )
        found.keys = tuple(one.get("Name", "") for one in element.iterfind("{*}Key/{*}PropertyRef"))
        for one in element.iterfind("{*}Property"):
            kind, many = self._kind(one.get("Type", ""))
            if kind == "Edm.Stream":  # its contents are at an address of their own
                continue
            length = one.get("MaxLength", "")
            found.properties[one.get("Name", "")] = self._noted(
                Property(
                    one.get("Name", ""),
                    kind,
                    many,
                    # An empty collection is none that is missing.
                    one.get("Nullable") == "false" and one.get("DefaultValue") is None and not many,
                    int(length) if length.isdigit() else None,
                ),
                one,
            )
        for one in element.iterfind("{*}NavigationProperty"):
            kind, many = found.links[one.get("Name", "")] = self._kind(one.get("Type", ""))
            for bound in one.iterfind("{*}ReferentialConstraint"):
                known = found.properties.get(bound.get("Property", ""))
                if known is not None and not many:
                    found.properties[known.name] = replace(known, refers=kind)
        return found

    def _annotate(self, types: dict[str, Type]) -> None:
        """Annotations that stand apart from what they are about."""
        for element in self.root.iterfind(".//{*}Schema/{*}Annotations"):
            target, _, name = element.get("Target", "").partition("/")
            found = types.get(self._whole(target))
            if found is not None and name in found.properties:
                found.properties[name] = self._noted(found.properties[name], element)

    def _noted(self, known: Property, element: Any) -> Property:
        """What the Core vocabulary says of a property."""
        for note in element.iterfind("{*}Annotation"):
            term, on = self._whole(note.get("Term", "")), note.get("Bool", "true") == "true"
            if term == CORE + "Permissions":
                granted = note.get("EnumMember") or note.findtext("{*}EnumMember") or ""
                rights = {one.rpartition("/")[2] for one in granted.replace(",", " ").split()}
                known = replace(known, computed=known.computed or rights in ({"Read"}, {"None"}))
            elif term == CORE + "Computed":
                known = replace(known, computed=on)
            elif term == CORE + "Immutable":
                known = replace(known, fixed=on)
        return known


def _inherit(found: Type, types: dict[str, Type], seen: int = 0) -> None:
    """Takes over what a type has from its base."""
    base = types.get(found.base)
    if base is None or seen > 20:
        return
    _inherit(base, types, seen + 1)
    found.base = ""
    found.keys = found.keys or base.keys
    found.properties = {**base.properties, **found.properties}
    found.links = {**base.links, **found.links}
    found.open = found.open or base.open
