"""A small valid scenario, as YAML text; the tests of the ways in change single lines of it."""

from __future__ import annotations

SMALL = """\
splitfleet: 1
id: small
title: One chat service in one small hall
horizon: {start: 2027-01-01, periods: 2, period: year}
workloads:
  - id: chat
    model: llama-3.1-8b
    demand: {profile: chat_realtime, rate: 5 requests/s}
    sla:
      ttft: {limit: 2 s, percentile: 95}
      tpot: {limit: 100 ms, percentile: 95}
sites:
  - id: hall
    power: 100 kW
    racks: 4
    cooling: [air]
    pue: 1.3
hardware:
  include: [nvidia-h100-sxm]
"""
