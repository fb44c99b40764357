from django.contrib.auth.views import LogoutView
from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("", views.home, name="home"),
    path("accounts/sign-in/", views.SignInView.as_view(), name="sign_in"),
    path("accounts/sign-out/", LogoutView.as_view(), name="sign_out"),
    path("accounts/password/", views.ChangePasswordView.as_view(), name="password_change"),
]
