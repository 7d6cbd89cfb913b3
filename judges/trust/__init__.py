"""How far a judge can be trusted: agreement, planted damage, injections. Must not know tasks, and writes no file."""
