// SPDX-License-Identifier: Apache-2.0
// Owner of the precompiled header that all MLIR translation units share.
