"""`GeneratorConformance`: every check as a test of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from ..generation.request import GenerationRequest
from ..hookspecs import GeneratorSpec
from .checks import CHECKS, LIVE_CHECKS
from .conformance import run_check
from .subject import Subject


class GeneratorConformance:
    """Subclass it as ``Test…`` and set `spec`; pytest then runs each check of the kit under its own name.

    Attributes mean what the arguments of `check_generator` mean. Override `make_settings` where they must be computed,
    e.g. because tiny weights are written first.
    """

    spec: ClassVar[GeneratorSpec]
    live: ClassVar[bool] = False
    expected_failures: ClassVar[Mapping[str, str]] = {}
    settings: ClassVar[Mapping[str, object]] = {}
    request: ClassVar[GenerationRequest | None] = None
    refused: ClassVar[GenerationRequest | None] = None
    _subject: ClassVar[Subject | None] = None
    _folder: ClassVar[Any] = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "test_conforms" in vars(cls):
            raise TypeError(f"{cls.__name__} overrides test_conforms; use expected_failures, with a reason")

    @classmethod
    def make_settings(cls, folder: Path) -> Mapping[str, object]:  # noqa: ARG003 for subclasses
        """The settings to load with; `folder` is removed after the last check."""
        return cls.settings

    @classmethod
    def subject(cls) -> Subject:
        """The generator under test, loaded once a class."""
        if cls._subject is None:
            cls._folder = tempfile.TemporaryDirectory(prefix="mwb-check-")
            folder = Path(cls._folder.name)
            cls._subject = Subject(cls.spec, cls.make_settings(folder), cls.request, cls.refused, folder)
        return cls._subject

    @classmethod
    def teardown_class(cls) -> None:
        """Removes what the generator wrote and lets the model go."""
        if cls._folder is not None:
            cls._folder.cleanup()
        cls._subject = cls._folder = None

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """Called by pytest: one test a check."""
        if metafunc.function.__name__ == "test_conforms":
            metafunc.parametrize("check", list(CHECKS) + (list(LIVE_CHECKS) if self.live else []))

    def test_conforms(self, check: str) -> None:
        """One check."""
        import pytest

        subject = self.subject()
        function = (CHECKS | LIVE_CHECKS)[check]
        result = run_check(function, subject, self.expected_failures.get(check))
        if result.status == "skipped":
            pytest.skip(result.detail)
        if result.status == "expected":
            pytest.xfail(result.detail)
        assert result.status == "passed", result.detail
