"""How far a judge can be trusted: agreement, planted damage, injections."""
