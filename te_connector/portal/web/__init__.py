"""The portal's pages: plain forms and links, no script."""
