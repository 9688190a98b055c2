"""The pages of the reliability room: for admins only, no rater can reach any of them."""
