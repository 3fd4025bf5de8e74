// SPDX-License-Identifier: Apache-2.0
package app;

import android.app.Activity;
import android.os.Bundle;
import org.pytorch.IValue;
import org.pytorch.LiteModuleLoader;
import org.pytorch.Module;
import org.pytorch.Tensor;

/** Runs a model with PyTorch Mobile. */
public class TorchScreen extends Activity {
  @Override
  public void onCreate(Bundle state) {
    super.onCreate(state);
    setTitle(Float.toString(new Scorer(getFilesDir() + "/tones.ptl").score(new float[3072])));
  }

  private static final class Scorer {
    private final Module module;

    Scorer(String path) {
      module = LiteModuleLoader.load(path);
    }

    float score(float[] picture) {
      Tensor input = Tensor.fromBlob(picture, new long[] {1, 3, 32, 32});
      return module.forward(IValue.from(input)).toTensor().getDataAsFloatArray()[0];
    }
  }
}
