"""What a plan costs: sourced assumptions, lines linear in physical quantities, and the figures that finance asks for."""
