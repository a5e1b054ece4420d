"""What a run left in its folder."""
