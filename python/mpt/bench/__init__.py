# SPDX-License-Identifier: Apache-2.0
"""Benchmarks of the whole tool: `tools/dev bench NAME`, one module each."""
