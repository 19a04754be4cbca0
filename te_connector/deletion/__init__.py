"""Deleting what an officer chose: selection, holds, receipts, and the loop that calls the hook."""
