// SPDX-License-Identifier: Apache-2.0
// Attributes: shardings with the sizes of their axes inside, sources and
// storage forms of states.
#ifndef MPT_IR_MPTATTRS_TD
#define MPT_IR_MPTATTRS_TD
include "mpt/IR/MptDialect.td"
include "mlir/IR/TensorEncoding.td"

class Mpt_Attr<string name, string attrMnemonic, list<Trait> traits = []>
    : AttrDef<Mpt_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

def Mpt_AxisRefAttr : Mpt_Attr<"AxisRef", "axis"> {
  let summary = "a mesh axis or a sub-axis of it";
  let description = [{
    `"tp"=4` is the whole axis. `"tp"=8:(2)4` is a sub-axis: the axis of size 8
    seen as [2, 4, 1] and the middle taken (`pre` = 2, `size` = 4).
  }];
  let parameters = (ins StringRefParameter<"axis name">:$name,
                        "int64_t":$total, "int64_t":$pre, "int64_t":$size);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let builders = [AttrBuilder<(ins "StringRef":$name, "int64_t":$size), [{
    return $_get($_ctxt, name, size, 1, size);
  }]>];
  let extraClassDeclaration = [{
    bool isWhole() const { return getPre() == 1 && getSize() == getTotal(); }
    /// Whether both refer to a common part of one axis.
    bool overlaps(AxisRefAttr other) const;
  }];
}

def Mpt_DimShardingAttr : Mpt_Attr<"DimSharding", "dim"> {
  let summary = "axes of one dimension, major to minor; open dims take more";
  let parameters = (ins ArrayRefParameter<"AxisRefAttr">:$axes, "bool":$open);
  let hasCustomAssemblyFormat = 1;
  let extraClassDeclaration = [{
    /// Number of shards of the dimension.
    int64_t getNumShards() const;
  }];
}

def Mpt_PartialAttr : Mpt_Attr<"Partial", "partial"> {
  let summary = "the true value is the reduction of this kind over these axes";
  let parameters = (ins StringRefParameter<"sum, max or min">:$kind,
                        ArrayRefParameter<"AxisRefAttr">:$axes);
  let hasCustomAssemblyFormat = 1;
}

def Mpt_ShardingAttr : Mpt_Attr<"Sharding", "s",
    [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let summary = "how a tensor lies on the mesh";
  let description = [{
    `#mpt.s<[{"micro"=2,"dp"=2}, {}, {"tp"=2} ], partial = [sum{"cp"=2} ]>`.
    A dimension of size n over the axes a, b is cut level by level in blocks of
    ceil(n / k), trailing blocks may be short or empty.
  }];
  let parameters = (ins ArrayRefParameter<"DimShardingAttr">:$dims,
                        OptionalArrayRefParameter<"PartialAttr">:$partials);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let builders = [AttrBuilder<(ins "unsigned":$rank), [{
    // Replicated on every axis.
    SmallVector<DimShardingAttr> dims(rank, DimShardingAttr::get($_ctxt, {}, false));
    return $_get($_ctxt, dims, ArrayRef<PartialAttr>());
  }]>];
  let extraClassDeclaration = [{
    unsigned getRank() const { return getDims().size(); }
    bool isPartial() const { return !getPartials().empty(); }
    bool isReplicated() const;
    /// All partial axes of the kind (`sum` unless told otherwise).
    SmallVector<AxisRefAttr> getPartialAxes(StringRef kind = "sum") const;
    bool isPartialOver(StringRef axis) const;
    /// The dim that the axis shards, or -1.
    int64_t getDimOf(StringRef axis) const;
    /// The same sharding without partials / without one axis (in dims and
    /// partials) / with these sum partials added (in canonical axis order).
    ShardingAttr withoutPartials() const;
    ShardingAttr withoutAxis(StringRef axis) const;
    ShardingAttr withPartial(StringRef kind, ArrayRef<AxisRefAttr> axes) const;
  }];
}

def Mpt_SliceAttr : Mpt_Attr<"Slice", "slice"> {
  let summary = "source of a state: bytes of a file";
  let description = [{
    `#mpt.slice<"m.onnx", 64, 8192, f32>`: `bytes` bytes at `offset` of `file`
    (relative to the folder of the model), row-major elements of `dtype` in the
    state's own shape, unless `dims`/`perm` say that the file holds a tensor of
    shape `dims` whose transpose by `perm` is the state.
  }];
  let parameters = (ins StringRefParameter<"file">:$file, "int64_t":$offset,
                        "int64_t":$bytes, "::mlir::Type":$dtype,
                        OptionalArrayRefParameter<"int64_t">:$perm);
  let assemblyFormat = "`<` $file `,` $offset `,` $bytes `,` $dtype (`,` `perm` `=` `[` $perm^ `]`)? `>`";
}

def Mpt_ZeroAttr : Mpt_Attr<"Zero", "zero"> {
  let summary = "source of a state: zeros";
}

def Mpt_StorageAttr : Mpt_Attr<"Storage", "storage"> {
  let summary = "one of a state's four (dtype, sharding) pairs";
  let parameters = (ins "::mlir::Type":$dtype, "ShardingAttr":$sharding);
  let assemblyFormat = "`<` $dtype `,` $sharding `>`";
}
#endif
