"""The families of constraints: one module and one `define_<family>` function each, listed in `planner.program.build`."""
