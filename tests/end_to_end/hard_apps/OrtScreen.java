// SPDX-License-Identifier: Apache-2.0
package app;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import android.app.Activity;
import android.os.Bundle;
import java.nio.FloatBuffer;
import java.util.Collections;

/** Runs a model with ONNX Runtime. */
public class OrtScreen extends Activity {
  @Override
  public void onCreate(Bundle state) {
    super.onCreate(state);
    try {
      setTitle(Float.toString(new Scorer(getFilesDir() + "/tones.onnx").score(new float[3072])));
    } catch (OrtException e) {
      setTitle("no score");
    }
  }

  private static final class Scorer {
    private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
    private final OrtSession session;

    Scorer(String path) throws OrtException {
      session = environment.createSession(path, new OrtSession.SessionOptions());
    }

    float score(float[] picture) throws OrtException {
      OnnxTensor input = OnnxTensor.createTensor(environment, FloatBuffer.wrap(picture), new long[] {1, 3, 32, 32});
      try (OrtSession.Result result = session.run(Collections.singletonMap("picture", input))) {
        return ((float[][]) result.get(0).getValue())[0][0];
      }
    }
  }
}
