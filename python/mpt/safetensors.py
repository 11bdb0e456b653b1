# SPDX-License-Identifier: Apache-2.0
"""Reads and writes safetensors files: a dictionary of arrays."""
import json
import struct

import numpy as np

_NAMES = {
    "F32": "<f4", "F64": "<f8", "F16": "<f2", "I64": "<i8", "I32": "<i4",
    "I16": "<i2", "I8": "i1", "U8": "u1", "BOOL": "?",
}


def read(path):
    """The arrays of the file, by name.

    Raises ValueError, with the path, if it is no safetensors file.
    """
    with open(path, "rb") as file:
        data = file.read()
    try:
        (length,) = struct.unpack("<Q", data[:8])
        header = json.loads(data[8:8 + length])
        body = memoryview(data)[8 + length:]
        arrays = {}
        for name, entry in header.items():
            if name == "__metadata__":
                continue
            begin, end = entry["data_offsets"]
            dtype = np.dtype(_NAMES[entry["dtype"]])
            arrays[name] = np.frombuffer(body[begin:end], dtype).reshape(entry["shape"])
        return arrays
    except (struct.error, ValueError, KeyError) as error:
        raise ValueError(f"'{path}' is no safetensors file: {error}") from error


def write(path, arrays):
    """Writes the arrays under their names, in order."""
    names = {np.dtype(code): name for name, code in _NAMES.items()}
    header, offset, parts = {}, 0, []
    for name, array in arrays.items():
        raw = np.ascontiguousarray(array).tobytes()
        header[name] = {"dtype": names[array.dtype], "shape": list(array.shape),
                        "data_offsets": [offset, offset + len(raw)]}
        offset += len(raw)
        parts.append(raw)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        file.writelines(parts)
