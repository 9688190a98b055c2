from django.urls import path

from annotation_site.preferences import views

app_name = "preferences"
urlpatterns = [path("<slug:slug>/", views.page, name="page")]
