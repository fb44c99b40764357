from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView
from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("", views.home, name="home"),
    path("accounts/sign-in/", views.SignInView.as_view(), name="sign_in"),
    # Public, so that signing out of a session that has ended is no dead end.
    path("accounts/sign-out/", login_not_required(LogoutView.as_view()), name="sign_out"),
    path("accounts/password/", views.ChangePasswordView.as_view(), name="password_change"),
]
