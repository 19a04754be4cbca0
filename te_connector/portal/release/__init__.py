"""What leaves the portal, and its approval: the access package, its link, and the evidence."""
