"""Whatever text comes in, diagnostics come out.

Hypothesis looks for texts of its own; the mutants are the same every time."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelcheck.errors import SpecError, render_all
from modelcheck.frontends import load_text
from tests.frontends.mutate import CORPUS, PATHOLOGICAL, TOKENS, mutants


def read(text: str) -> bool:
    """Whether the text is accepted. Every diagnostic must point into the text, say what to write, and be renderable."""
    try:
        load_text(text, "spec.py")
    except SpecError as error:
        assert error.diagnostics
        for d in error.diagnostics:
            assert d.span and d.hint and d.message
            assert 1 <= d.span.line <= d.span.end_line <= d.span.source.text.count("\n") + 1
            assert 0 <= d.span.column <= len(d.span.source.line(d.span.line)) + 1
        render_all(error.diagnostics).encode("utf-8")
        return False
    return True


@pytest.mark.parametrize("text", CORPUS)
def test_the_corpus_is_accepted(text: str) -> None:
    assert read(text)


@pytest.mark.parametrize("seed", range(4))
def test_mutants_get_diagnostics(seed: int) -> None:
    accepted = sum(read(text) for text in mutants(500, seed))
    assert 25 < accepted < 475  # else the mutations are too gentle, or too rough to get past Python's parser


@pytest.mark.parametrize("name", PATHOLOGICAL)
def test_pathological_texts_get_diagnostics(name: str) -> None:
    read(PATHOLOGICAL[name])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(TOKENS), max_size=30).map(" ".join))
def test_token_soup_gets_diagnostics(text: str) -> None:
    read(text)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=st.characters(), max_size=60))
def test_any_characters_get_diagnostics(text: str) -> None:
    read(text)
