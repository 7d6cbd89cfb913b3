"""The static site: pages, drawings, templates, publishing."""
