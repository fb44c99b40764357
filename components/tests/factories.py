"""Test data of components."""

from typing import Any

import factory

from accounts.tests.factories import UserFactory
from components.models import Component, Enrollment, Entry
from components.services import find_rubric

RUBRIC: dict[str, Any] = {
    "criteria": [
        {"text": "Photosynthesis is explained", "marks": 10},
        {"text": "Evidence is given", "marks": 5},
    ],
    "performance_levels": [{"text": "Excellent"}, {"text": "Good"}, {"text": "Poor"}],
    "cell_descriptions": [
        [
            "Explains light, carbon dioxide, water, glucose and oxygen.",
            "Explains that plants make sugar from light.",
            "Does not explain how plants feed.",
        ],
        ["Gives measurements with numbers.", "Names an observation.", "Gives no evidence."],
    ],
}


class ComponentFactory(factory.django.DjangoModelFactory):
    """A component; `configurators=[...]` puts people in charge."""

    class Meta:
        model = Component
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Component {n}")
    general_instructions = "<p>Read the rubric first.</p>"

    @factory.post_generation
    def configurators(self, create, people, **kwargs):
        if people is None:
            people = [UserFactory(configurator=True)]
        self.configurators.set(people)


class EnrollmentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Enrollment

    component = factory.SubFactory(ComponentFactory)
    student = factory.SubFactory(UserFactory)


class EntryFactory(factory.django.DjangoModelFactory):
    """An entry with :data:`RUBRIC`; the trait `without_rubric` leaves it away."""

    class Meta:
        model = Entry

    class Params:
        without_rubric = factory.Trait(rubric=None)

    component = factory.SubFactory(ComponentFactory)
    title = factory.Sequence(lambda n: f"Entry {n}")
    instructions = "<p>Explain how plants feed.</p>"
    rubric = factory.LazyFunction(lambda: find_rubric(RUBRIC))
