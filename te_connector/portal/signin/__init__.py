"""Who may use the portal: accounts, sessions, single sign-on, and tokens for programs."""
