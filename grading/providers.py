"""From the settings, or an admin's list, to a provider that can be asked."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings

from grading.engine.types import Provider
from grading.enums import ProviderKind
from grading.models import Limits, ProviderProfile
from grading.models.providers import SITE_KEY

MILLION = Decimal(1_000_000)


@dataclass(frozen=True)
class ProviderConfig:
    """Everything about one provider, from wherever it was configured.

    Attributes:
        key: names its :class:`grading.models.ProviderGate`.
        input_price: per million tokens read, in the site's currency.
        output_price: per million tokens written.
        version: differs once the configuration changed.
    """

    key: str
    name: str
    kind: ProviderKind
    model: str
    endpoint: str
    api_key: str = field(repr=False)
    temperature: float
    limits: Limits
    input_price: Decimal
    output_price: Decimal
    version: datetime | None = None

    def cost(self, input_tokens: int, output_tokens: int) -> Decimal:
        """What so many tokens cost, in the site's currency, to the millionth."""
        cost = (input_tokens * self.input_price + output_tokens * self.output_price) / MILLION
        return cost.quantize(Decimal("0.000001"))


def site_config() -> ProviderConfig:
    """The provider that the settings name."""
    kind = ProviderKind(settings.GRADING_PROVIDER)
    is_openai = kind == ProviderKind.OPENAI
    return ProviderConfig(
        key=SITE_KEY,
        name=str(kind.label),
        kind=kind,
        model=settings.GRADING_MODEL,
        endpoint=settings.OPENAI_BASE_URL if is_openai else settings.GOOGLE_API_ENDPOINT,
        api_key=settings.OPENAI_API_KEY if is_openai else settings.GOOGLE_API_KEY,
        temperature=settings.GRADING_TEMPERATURE,
        limits=Limits(
            settings.GRADING_CONCURRENCY,
            settings.GRADING_REQUESTS_PER_MINUTE or None,
            settings.GRADING_TOKENS_PER_MINUTE or None,
        ),
        input_price=Decimal(str(settings.GRADING_INPUT_PRICE)),
        output_price=Decimal(str(settings.GRADING_OUTPUT_PRICE)),
    )


def config_of(profile: ProviderProfile | None) -> ProviderConfig:
    """The configuration of an admin's provider, or of the site's own for None."""
    if profile is None:
        return site_config()
    return ProviderConfig(
        key=str(profile.pk),
        name=profile.name,
        kind=ProviderKind(profile.kind),
        model=profile.model,
        endpoint=profile.endpoint,
        api_key=os.environ.get(profile.key_variable, "") if profile.key_variable else "",
        temperature=profile.temperature,
        limits=Limits(
            profile.max_in_flight, profile.requests_per_minute, profile.tokens_per_minute
        ),
        input_price=profile.input_price,
        output_price=profile.output_price,
        version=profile.updated_at,
    )


def make_provider(config: ProviderConfig) -> Provider:
    """A provider to ask. SDKs are heavy: each is imported where it is used."""
    options: dict[str, Any] = {
        "api_key": config.api_key,
        "model": config.model,
        "endpoint": config.endpoint,
        "timeout": settings.GRADING_TIMEOUT,
        "temperature": config.temperature,
    }
    if config.kind == ProviderKind.GEMINI:
        from grading.engine.providers.gemini import GeminiProvider

        return GeminiProvider(**options)
    if config.kind == ProviderKind.GENAI:
        from grading.engine.providers.genai import GenaiProvider

        return GenaiProvider(**options)
    if config.kind == ProviderKind.OPENAI:
        from grading.engine.providers.openai import OpenAIProvider

        return OpenAIProvider(**options)
    from grading.engine.providers.simulator import SimulatorProvider

    return SimulatorProvider()
