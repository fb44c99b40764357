"""Components: the list, one of them, and its people."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.errors import DomainError
from accounts.http import signed_in
from accounts.models import User
from components import services
from components.forms import AddConfiguratorForm, ComponentForm, EnrollForm, show_error
from components.http import require_configurator
from components.models import Component

PAGE_SIZE = 25
ROSTER_PAGE_SIZE = 50


def component_list(request: HttpRequest) -> HttpResponse:
    user = require_configurator(request)
    search = request.GET.get("q", "").strip()
    components = Component.objects.managed_by(user).with_counts()
    if search:
        components = components.search(search)
    page = Paginator(components, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "search": search}
    return render(request, "components/component_list.html", context)


def component_create(request: HttpRequest) -> HttpResponse:
    user = require_configurator(request)
    form = ComponentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            component = services.create_component(**form.cleaned_data, by=user)
        except DomainError as error:
            show_error(form, error)
        else:
            messages.success(request, _("The component is made. Add its first entry."))
            return redirect("components:component_detail", component.pk)
    context = {"form": form, "title": _("New component")}
    return render(request, "components/component_form.html", context)


def component_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    component = _managed(request, pk)
    context = {
        "component": component,
        "entries": component.entries.select_related("rubric"),
        "student_count": component.enrollments.count(),
    }
    return render(request, "components/component_detail.html", context)


def component_edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    component = _managed(request, pk)
    form = ComponentForm(request.POST or None, instance=component)
    if request.method == "POST" and form.is_valid():
        try:
            services.update_component(component, by=signed_in(request), **form.cleaned_data)
        except DomainError as error:
            show_error(form, error)
        else:
            messages.success(request, _("The component is saved."))
            return redirect("components:component_detail", pk)
    context = {"form": form, "component": component, "title": _("Edit component")}
    return render(request, "components/component_form.html", context)


def component_delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    component = _managed(request, pk)
    if request.method == "POST":
        services.delete_component(component, by=signed_in(request))
        messages.success(request, _("“%s” is deleted.") % component.name)
        return redirect("components:component_list")
    context = {"object": component, "component": component, "losses": component_losses(component)}
    return render(request, "components/confirm_delete.html", context)


def people(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The roster and who is in charge; the form on it enrolls."""
    component = _managed(request, pk)
    form = EnrollForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        result = services.enroll_many(component, form.names(), by=signed_in(request))
        _report_enrollment(request, result)
        if not result.unknown and not result.not_students:
            return redirect("components:people", pk)
        left = [*result.unknown, *(user.username for user in result.not_students)]
        form = EnrollForm(initial={"people": "\n".join(left)})
    return _people_page(request, component, form)


@require_POST
def unenroll(request: HttpRequest, pk: UUID, user_pk: UUID) -> HttpResponse:
    component = _managed(request, pk)
    student = get_object_or_404(User, pk=user_pk)
    try:
        services.unenroll_student(component, student, by=signed_in(request))
    except DomainError as error:
        messages.error(request, error.message)
    else:
        text = _("%s is no longer enrolled. What they submitted is kept.")
        messages.success(request, text % student.display_name)
    return redirect("components:people", pk)


@require_POST
def configurator_add(request: HttpRequest, pk: UUID) -> HttpResponse:
    component = _managed(request, pk)
    name = request.POST.get("username", "").strip()
    user = User.objects.by_name(name)
    if user is None:
        messages.error(request, _("There is no user “%s”.") % name)
        return redirect("components:people", pk)
    try:
        services.add_configurator(component, user, by=signed_in(request))
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("%s is now in charge as well.") % user.display_name)
    return redirect("components:people", pk)


@require_POST
def configurator_remove(request: HttpRequest, pk: UUID, user_pk: UUID) -> HttpResponse:
    component = _managed(request, pk)
    user: User = get_object_or_404(component.configurators, pk=user_pk)
    try:
        services.remove_configurator(component, user, by=signed_in(request))
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("components:people", pk)
    messages.success(request, _("%s is no longer in charge.") % user.display_name)
    if user == request.user and not user.is_admin:
        return redirect("components:component_list")
    return redirect("components:people", pk)


def component_losses(component: Component) -> list[str]:
    """What goes with a component that is deleted, in words."""
    entries = component.entries.count()
    students = component.enrollments.count()
    return [
        ngettext("%d entry with all that was submitted to it",
                 "%d entries with all that was submitted to them", entries) % entries,
        ngettext("%d enrollment", "%d enrollments", students) % students,
    ]  # fmt: skip


def _managed(request: HttpRequest, pk: UUID) -> Component:
    user = require_configurator(request)
    return get_object_or_404(Component.objects.managed_by(user), pk=pk)


def _people_page(request: HttpRequest, component: Component, form: EnrollForm) -> HttpResponse:
    search = request.GET.get("q", "").strip()
    enrollments = component.enrollments.select_related("student").order_by("student__username")
    if search:
        found = User.objects.search(search)
        enrollments = enrollments.filter(student__in=found)
    context = {
        "component": component,
        "form": form,
        "add_form": AddConfiguratorForm(),
        "configurators": component.configurators.all(),
        "page": Paginator(enrollments, ROSTER_PAGE_SIZE).get_page(request.GET.get("page")),
        "search": search,
    }
    return render(request, "components/people.html", context)


def _report_enrollment(request: HttpRequest, result: services.EnrollResult) -> None:
    if result.enrolled:
        count = len(result.enrolled)
        text = ngettext("%d student enrolled.", "%d students enrolled.", count)
        messages.success(request, text % count)
    if result.already:
        names = ", ".join(user.username for user in result.already)
        messages.info(request, _("Enrolled already: %s.") % names)
    if result.unknown:
        names = ", ".join(result.unknown)
        messages.error(request, _("Nobody has this username or address: %s.") % names)
    if result.not_students:
        names = ", ".join(user.username for user in result.not_students)
        messages.error(request, _("Not students: %s.") % names)
