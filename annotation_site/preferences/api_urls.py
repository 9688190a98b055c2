from django.urls import path

from annotation_site.preferences import api

app_name = "preferences"
urlpatterns = [
    path("leases/", api.LeasesView.as_view(), name="leases"),
    path("leases/<uuid:token>/renew/", api.RenewView.as_view(), name="renew"),
    path("leases/<uuid:token>/release/", api.ReleaseView.as_view(), name="release"),
    path("leases/<uuid:token>/skip/", api.SkipView.as_view(), name="skip"),
    path("votes/", api.VotesView.as_view(), name="votes"),
    path("votes/<uuid:vote>/correct/", api.CorrectionView.as_view(), name="correct"),
]
