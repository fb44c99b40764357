from django.apps import AppConfig


class FlexageConfig(AppConfig):
    name = "flexage"
    verbose_name = "FlexAGE"
