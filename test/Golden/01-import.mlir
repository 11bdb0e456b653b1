// RUN: mpt-opt %s --verify-roundtrip --mpt-verify-import -o /dev/null
!T = tensor<8x16xi64>
!H = tensor<8x16x32xf32>
!A = tensor<8x16x128xf32>
!R = tensor<8x16xf32>
!Z = tensor<8x16x64xf32>
!E = tensor<64x32xf32>
!V = tensor<32xf32>
!W = tensor<32x128xf32>
!B = tensor<128xf32>
!P = tensor<128x32xf32>
!S = tensor<f32>
!N = tensor<i64>
!Y = tensor<i1>
!Tot = tensor<15xf32>
!S1 = tensor<1xf32>
!S13 = tensor<13xf32>
module @mlp attributes {mpt.config = {model = "/models/mlp.onnx", mesh = {dp = 2 : i64, pp = 2 : i64, tp = 2 : i64}, microbatches = 2 : i64, schedule = "1f1b", loss = "cross_entropy(logits,labels){ignore_index=-100}", optimizer = "adamw{betas=[0.9,0.95],eps=1e-8,weight_decay=0.1}", clip = 1.0 : f64, target = "cpu", precision = "f32"}, mpt.phase = "import"} {
  mpt.state @wte : tensor<64x32xf32> {role = "parameter", trainable, source = #mpt.slice<"mlp.onnx.data", 0, 8192, f32>}
  mpt.state @blocks.0.norm.weight : tensor<32xf32> {role = "parameter", trainable, source = #mpt.slice<"mlp.onnx.data", 8192, 128, f32>}
  mpt.state @blocks.0.norm.bias : tensor<32xf32> {role = "parameter", trainable, source = #mpt.slice<"mlp.onnx.data", 8320, 128, f32>}
  mpt.state @blocks.0.fc.weight : tensor<32x128xf32> {role = "parameter", trainable, source = #mpt.slice<"mlp.onnx.data", 8448, 16384, f32>}
  mpt.state @blocks.0.fc.bias : tensor<128xf32> {role = "parameter", trainable, source = #mpt.slice<"mlp.onnx.data", 24832, 512, f32>}
  mpt.state @blocks.0.proj.weight : tensor<128x32xf32> {role = "parameter", trainable, source = #mpt.slice<"mlp.onnx.data", 25344, 16384, f32>}
  mpt.state @blocks.0.proj.bias : tensor<32xf32> {role = "parameter", trainable, source = #mpt.slice<"mlp.onnx.data", 41728, 128, f32>}
  mpt.state @blocks.1.norm.weight : tensor<32xf32> {role = "parameter", trainable, source = #mpt.slice<"mlp.onnx.data", 41856, 128, f32>}
  mpt.state @blocks.1.norm.bias : tensor<32xf32> {role = "parameter", trainable, source = #mpt.slice<"mlp.onnx.data", 41984, 128, f32>}
  mpt.state @blocks.1.fc.weight : tensor<32x128xf32> {role = "parameter", trainable, source = #mpt.slice<"mlp.onnx.data", 42112, 16384, f32>}
  mpt.state @blocks.1.fc.bias : tensor<128xf32> {role = "parameter", trainable, source = #mpt.slice<"mlp.onnx.data", 58496, 512, f32>}
  mpt.state @blocks.1.proj.weight : tensor<128x32xf32> {role = "parameter", trainable, source = #mpt.slice<"mlp.onnx.data", 59008, 16384, f32>}
  mpt.state @blocks.1.proj.bias : tensor<32xf32> {role = "parameter", trainable, source = #mpt.slice<"mlp.onnx.data", 75392, 128, f32>}
  func.func @predict(%tokens: !T {mpt.input = "tokens"}) -> (!Z {mpt.output = "logits"}) {
    %wte = mpt.read @wte : !E
    %ga0 = mpt.read @blocks.0.norm.weight : !V
    %be0 = mpt.read @blocks.0.norm.bias : !V
    %fw0 = mpt.read @blocks.0.fc.weight : !W
    %fb0 = mpt.read @blocks.0.fc.bias : !B
    %pw0 = mpt.read @blocks.0.proj.weight : !P
    %pb0 = mpt.read @blocks.0.proj.bias : !V
    %ga1 = mpt.read @blocks.1.norm.weight : !V
    %be1 = mpt.read @blocks.1.norm.bias : !V
    %fw1 = mpt.read @blocks.1.fc.weight : !W
    %fb1 = mpt.read @blocks.1.fc.bias : !B
    %pw1 = mpt.read @blocks.1.proj.weight : !P
    %pb1 = mpt.read @blocks.1.proj.bias : !V
    %h0 = mpt.take %wte, %tokens {axis = 0, id = 0} : !E, !T -> !H loc("embed")
    %n0, %mu0, %rs0 = mpt.layer_norm %h0, %ga0, %be0 {axis = 2, eps = 1.0e-05, id = 1} : !H, !V, !V -> !H, !R, !R loc("blocks.0.norm")
    %f0 = mpt.dot_general %n0, %fw0 contract [2] x [0] {id = 2} : !H, !W -> !A loc("blocks.0.fc")
    %c0 = mpt.broadcast %fb0 {dims = [2], id = 3} : !B -> !A loc("blocks.0.fc")
    %a0 = mpt.add %f0, %c0 {id = 4} : !A loc("blocks.0.fc")
    %e0 = mpt.gelu %a0 {approx = "none", id = 5} : !A loc("blocks.0.gelu")
    %p0 = mpt.dot_general %e0, %pw0 contract [2] x [0] {id = 6} : !A, !P -> !H loc("blocks.0.proj")
    %d0 = mpt.broadcast %pb0 {dims = [2], id = 7} : !V -> !H loc("blocks.0.proj")
    %y0 = mpt.add %p0, %d0 {id = 8} : !H loc("blocks.0.proj")
    %h1 = mpt.add %h0, %y0 {id = 9} : !H loc("blocks.0.residual")
    %n1, %mu1, %rs1 = mpt.layer_norm %h1, %ga1, %be1 {axis = 2, eps = 1.0e-05, id = 10} : !H, !V, !V -> !H, !R, !R loc("blocks.1.norm")
    %f1 = mpt.dot_general %n1, %fw1 contract [2] x [0] {id = 11} : !H, !W -> !A loc("blocks.1.fc")
    %c1 = mpt.broadcast %fb1 {dims = [2], id = 12} : !B -> !A loc("blocks.1.fc")
    %a1 = mpt.add %f1, %c1 {id = 13} : !A loc("blocks.1.fc")
    %e1 = mpt.gelu %a1 {approx = "none", id = 14} : !A loc("blocks.1.gelu")
    %p1 = mpt.dot_general %e1, %pw1 contract [2] x [0] {id = 15} : !A, !P -> !H loc("blocks.1.proj")
    %d1 = mpt.broadcast %pb1 {dims = [2], id = 16} : !V -> !H loc("blocks.1.proj")
    %y1 = mpt.add %p1, %d1 {id = 17} : !H loc("blocks.1.proj")
    %h2 = mpt.add %h1, %y1 {id = 18} : !H loc("blocks.1.residual")
    %z = mpt.dot_general %h2, %wte contract [2] x [1] {id = 19} : !H, !E -> !Z loc("head")
    return %z : !Z
  }
}