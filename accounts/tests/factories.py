"""Test data of accounts."""

import factory

from accounts.enums import Role
from accounts.models import User

PASSWORD = "correct horse battery"


class UserFactory(factory.django.DjangoModelFactory):
    """A student; traits make other roles. `enrolled_in=component` enrolls."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    class Params:
        configurator = factory.Trait(role=Role.CONFIGURATOR)
        admin = factory.Trait(role=Role.ADMIN)

    username = factory.Sequence(lambda n: f"user{n}")
    full_name = factory.Faker("name")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.org")
    role = Role.STUDENT
    password = factory.django.Password(PASSWORD)

    @factory.post_generation
    def enrolled_in(self, create, component, **kwargs):
        if component is not None:
            from components.tests.factories import EnrollmentFactory

            EnrollmentFactory(component=component, student=self)
