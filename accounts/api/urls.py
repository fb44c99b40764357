from accounts.api import views
from accounts.api.routes import either_way

urlpatterns = [
    either_way("login", views.SignIn, "sign_in"),
    either_way("login/json", views.SignInJson, "sign_in_json"),
    either_way("refresh", views.Refresh, "refresh"),
    either_way("me", views.Me, "me"),
    either_way("register", views.Register, "register"),
    either_way("register/bulk", views.RegisterBulk, "register_bulk"),
    either_way("users", views.Users, "users"),
]
