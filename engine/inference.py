"""The gate to durable-rules: the only module that calls it, for conclusions that feed other rules.

Its C core answers exactly and fast inside narrow bounds and kills or hangs the process outside of them. So
nothing of a record, of a drawing or of a person's typing ever reaches it. It gets:

- rules that are flat "and"s of named yes/no conditions; an "any" becomes a helper conclusion of its own
- at most 50 conditions and 40 rules a ruleset (its stack holds 64; 256 equal conditions crash it)
- per question one JSON object of booleans under generated names; a fact is asserted, its actions are drawn,
  and it is retracted again, always in one session that has run an action before it can be deleted
- a first condition and a last rule that every question fulfils, so that none goes unhandled

One lock stands round every call. Rulesets are dropped with ``delete_state`` and ``delete_ruleset`` when
their owner is gone. ``enable`` opens the gate; only a worker does that, because a worker may die and be
restarted. Everywhere else the same conclusions are drawn by ``engine.facts.conclude``.
"""

from __future__ import annotations

import itertools
import json
import logging
import threading
import weakref
from collections.abc import Sequence
from typing import NamedTuple

import durable_rules_engine

from engine.errors import EngineError
from engine.facts import Conclusion, Truth, conclude, in_order, settled
from engine.readings import identity
from engine.terms import Facts, FactTerm, Group, Term

MAX_LEAVES = 50
MAX_RULES = 40
MAX_AND = 16
ALWAYS = {"_": 1}

log = logging.getLogger(__name__)

_lock = threading.RLock()
_dead: list[int] = []
_names = itertools.count()
_open = threading.Event()


def enable() -> None:
    """Opens the gate in this process: called by a worker when it starts."""
    _open.set()


def disable() -> None:
    _open.clear()


def enabled() -> bool:
    return _open.is_set()


class Literal(NamedTuple):
    """One yes/no condition of a flat rule: the state's entry that must be ``wanted``."""

    key: str
    wanted: bool


class Flat(NamedTuple):
    """If all literals are so, the keys become true."""

    literals: tuple[Literal, ...]
    gives: tuple[str, ...]


class Inference:
    """The conclusions of one rule set, drawn by durable-rules. Raises EngineError while the gate is shut."""

    def __init__(self, conclusions: Sequence[Conclusion]) -> None:
        if not enabled():
            raise EngineError(
                "The inference engine is not open in this process.",
                code="E-GATE",
                cure="Only a worker opens it; elsewhere conclusions are drawn without it.",
            )
        self._conclusions = list(conclusions)
        self._inputs: dict[str, Term] = {}
        self._input_keys: dict[Term, str] = {}
        self._fact_keys: dict[tuple[object, ...], str] = {}
        self._values: dict[str, Conclusion] = {}
        self._helpers: list[str] = []
        levels = sorted({conclusion.level for conclusion in conclusions})
        flat = [self._flatten([each for each in conclusions if each.level == level]) for level in levels]
        self._levels = [[Shard(part) for part in _shards(rules)] for rules in flat]

    def __call__(self, truth: Truth) -> Facts:
        """Everything that follows from the truth of the comparisons.

        Should the engine refuse, the same is drawn without it, and the log says so.
        """
        try:
            return self._draw(truth)
        except Exception:
            drawn = ", ".join(dict.fromkeys(conclusion.fact for conclusion in self._conclusions))
            log.exception("durable-rules refused; the conclusions (%s) are drawn without it", drawn)
            return conclude(self._conclusions, truth)

    def _draw(self, truth: Truth) -> Facts:
        state = {key: settled(term, truth, {}) for key, term in self._inputs.items()}
        state.update(dict.fromkeys((*self._fact_keys.values(), *self._helpers), False))
        with _lock:
            for shards in self._levels:
                changed: set[str] | None = None
                while changed is None or changed:
                    asked = [shard for shard in shards if changed is None or changed & shard.keys]
                    given = {key for shard in asked for key in shard.ask(state)}
                    changed = {key for key in given if not state[key]}
                    state.update(dict.fromkeys(changed, True))
        facts: dict[str, list[bool | str | int]] = {}
        for key, conclusion in self._values.items():
            if state[key]:
                facts.setdefault(conclusion.fact, []).append(conclusion.value)
        return in_order(self._conclusions, truth, facts)

    def _flatten(self, conclusions: Sequence[Conclusion]) -> list[Flat]:
        rules: list[Flat] = []
        for conclusion in conclusions:
            value = self._fact_key(conclusion.fact, "is", conclusion.value)
            self._values[value] = conclusion
            gives = (value, self._fact_key(conclusion.fact, "any", None))
            self._rule(self._conjunction(conclusion.term, True, rules), gives, rules)
        return rules

    def _rule(self, literals: Sequence[Literal], gives: tuple[str, ...], rules: list[Flat]) -> None:
        distinct = list(dict.fromkeys(literals))
        while len(distinct) > MAX_AND:
            helper = self._helper()
            rules.append(Flat(tuple(distinct[:MAX_AND]), (helper,)))
            distinct = [Literal(helper, True), *distinct[MAX_AND:]]
        rules.append(Flat(tuple(distinct), gives))

    def _conjunction(self, term: Term, wanted: bool, rules: list[Flat]) -> list[Literal]:
        """Literals that are all so exactly if the term is ``wanted``."""
        if isinstance(term, FactTerm):
            return [self._fact_literal(term, wanted)]
        if not isinstance(term, Group) or not _asks_facts(term):
            key = self._input_keys.setdefault(term, f"a{len(self._input_keys)}")
            self._inputs[key] = term
            return [Literal(key, wanted)]
        inside = wanted if term.kind != "none" else not wanted
        if (term.kind != "any") is wanted:
            return [literal for child in term.terms for literal in self._conjunction(child, inside, rules)]
        helper = self._helper()
        for child in term.terms:
            self._rule(self._conjunction(child, inside, rules), (helper,), rules)
        return [Literal(helper, True)]

    def _fact_literal(self, term: FactTerm, wanted: bool) -> Literal:
        document = term.document
        positive = document.op in ("is", "not_empty")
        kind = "any" if document.op in ("empty", "not_empty") else "is"
        key = self._fact_key(document.fact, kind, document.right if kind == "is" else None)
        return Literal(key, positive is wanted)

    def _fact_key(self, fact: str, kind: str, value: object) -> str:
        return self._fact_keys.setdefault((fact, kind, identity(value)), f"f{len(self._fact_keys)}")

    def _helper(self) -> str:
        self._helpers.append(f"h{len(self._helpers)}")
        return self._helpers[-1]


class Shard:
    """One ruleset inside durable-rules. Call it with the lock held."""

    def __init__(self, rules: Sequence[Flat]) -> None:
        self._rules = list(rules)
        used = dict.fromkeys(literal.key for rule in rules for literal in rule.literals)
        self._local = {key: f"k{index}" for index, key in enumerate(used)}
        self.keys = set(self._local)
        document: dict[str, object] = {"last": {"all": [{"m": ALWAYS}], "pri": 65000}}
        for index, rule in enumerate(rules):
            tests = [{f"r.{self._local[literal.key]}": literal.wanted} for literal in rule.literals]
            condition = {"$and": [ALWAYS, *tests]} if tests else ALWAYS
            document[f"r{index}"] = {"all": [{"m": condition}], "pri": index}
        self._source = json.dumps(document)
        with _lock:
            _bury()
            self._handle = self._build()

    def ask(self, state: dict[str, bool]) -> list[str]:
        """The keys that the rules give for this state."""
        inside = ",".join(
            f'"{name}":{"true" if state[key] else "false"}' for key, name in self._local.items()
        )
        fired = self._fire(f'{{"_":1,"r":{{{inside}}}}}')
        return [key for index in fired for key in self._rules[index].gives]

    def _fire(self, question: str) -> set[int]:
        try:
            return _fire(self._handle, question)
        except BaseException:
            # The engine may be out of step with us: an untouched one takes its place.
            self._handle = self._build()
            raise

    def _build(self) -> int:
        handle: int = durable_rules_engine.create_ruleset(f"s{next(_names)}", self._source)
        _fire(handle, '{"_":1}')  # deleting a session in which no action ever ran kills the process
        weakref.finalize(self, _dead.append, handle)
        return handle


def _fire(handle: int, question: str) -> set[int]:
    """Asserts, draws every action, retracts. The names of a rule's actions are ``r0``, ``r1``…, ``last``."""
    _, offset = durable_rules_engine.assert_fact(handle, question)
    fired = set()
    action = durable_rules_engine.start_action_for_state(handle, offset)[1]
    while action:
        name = action[2 : action.index('"', 2)]
        if name != "last":
            fired.add(int(name[1:]))
        action = durable_rules_engine.complete_and_start_action(handle, offset)
    durable_rules_engine.retract_fact(handle, question)
    return fired


def _bury() -> None:
    """Frees the rulesets whose owners are gone; never from a finalizer, which may run amid another call."""
    while _dead:
        handle = _dead.pop()
        durable_rules_engine.delete_state(handle, "0")
        durable_rules_engine.delete_ruleset(handle)


def _shards(rules: Sequence[Flat]) -> list[list[Flat]]:
    """The rules in rulesets small enough to be safe."""
    shards: list[list[Flat]] = [[]]
    leaves = 0
    for rule in rules:
        needed = len(rule.literals) + 1
        if shards[-1] and (leaves + needed > MAX_LEAVES or len(shards[-1]) >= MAX_RULES):
            shards.append([])
            leaves = 0
        shards[-1].append(rule)
        leaves += needed
    return shards


def _asks_facts(term: Term) -> bool:
    if isinstance(term, Group):
        return any(_asks_facts(child) for child in term.terms)
    return isinstance(term, FactTerm)
