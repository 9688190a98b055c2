"""What a campaign's ratings say of its scores, of its raters and of other ways to count them.

Ratings come in as arrays in long form (`ratings.rating_table`), results leave as frozen dataclasses whose undefined
figures are None. `report.campaign_report` has everything at once; every part of it is a function of its own:

    ratings    ratings, checked and coded             groupings  by style, source, rater group, week, score band
    figures    scores, dispersion, alpha, ICC         slices     the same for every group of a grouping
    icc        intraclass correlation                 forecast   what more or fewer raters would bring
    raters     each rater beside their peers          drift, left_out, flags: parts of it
    model      bias and inconsistency by likelihood   screening  whom to leave out, as a proposal
    comparison what another aggregator or fewer raters would change
"""
