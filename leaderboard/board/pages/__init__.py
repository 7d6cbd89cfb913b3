"""One module a page, named as its template in ../templates: what the page says, as plain values.

Knows figures and words; must not know HTML, nor where a file lies on disk. Each module's `page` is the door.
"""
