"""The portal's database: tables, keys, states, and the log."""
