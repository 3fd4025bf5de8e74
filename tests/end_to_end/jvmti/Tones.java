// SPDX-License-Identifier: Apache-2.0
// Runs a model by ONNX Runtime's Java API over pictures made of numbers, and prints the scores as their bits.
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtSession;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Map;

final class Tones {
    public static void main(String[] args) throws Exception {
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        try (OrtSession session = environment.createSession(args[0])) {
            for (int run = 0; run < Integer.parseInt(args[1]); ++run) {
                FloatBuffer picture = ByteBuffer.allocateDirect(4 * 3 * 32 * 32).order(ByteOrder.nativeOrder()).asFloatBuffer();
                for (int i = 0; i < picture.capacity(); ++i) picture.put(i, ((i * 37 + run * 101) % 256) / 255f);
                try (OnnxTensor tensor = OnnxTensor.createTensor(environment, picture, new long[] {1, 3, 32, 32});
                        OrtSession.Result result = session.run(Map.of("picture", tensor))) {
                    FloatBuffer scores = ((OnnxTensor) result.get(0)).getFloatBuffer();
                    StringBuilder line = new StringBuilder();
                    while (scores.hasRemaining()) line.append(String.format("%08x ", Float.floatToRawIntBits(scores.get())));
                    System.out.println(line);
                }
            }
        }
    }
}
