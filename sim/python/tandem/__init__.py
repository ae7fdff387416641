# SPDX-License-Identifier: GPL-3.0-or-later
"""Python side of Tandem.

- `python3 -m tandem.import_onnx`: layer table, cuts and sizes of an ONNX model
- `python3 -m tandem.dnn_zoo`: makes the files of `platforms/dnns` again
"""

__version__ = "0.1.0"
