"""Jobs: workers, the process pool, the fleet, and what they leave to be seen."""
