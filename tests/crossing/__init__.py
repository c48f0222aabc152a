"""Every release against the present code: what one writes, the other reads."""
