// SPDX-License-Identifier: Apache-2.0
package daylight.host;

import android.graphics.Bitmap;
import android.media.FaceDetector;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;

/** Answers for parts of Android that are not here. Each says in the trace that it is one. */
public final class Substitutes {
    private Substitutes() {}

    /**
     * In place of the phone's face finder: one face, that fills the picture. Right for pictures that are face crops; of others the app
     * sees the whole picture as a face.
     */
    public static int findFaces(FaceDetector detector, Bitmap picture, FaceDetector.Face[] faces) {
        Natives.note(Natives.WARNING, "substitute android.media.FaceDetector", "the whole picture stands for one face; the phone's finder is not here");
        if (faces.length == 0) return 0;
        try {
            Constructor<FaceDetector.Face> make = FaceDetector.Face.class.getDeclaredConstructor();
            make.setAccessible(true);
            FaceDetector.Face face = make.newInstance();
            set(face, "mConfidence", 1.0f);
            set(face, "mMidPointX", picture.getWidth() / 2.0f);
            set(face, "mMidPointY", picture.getHeight() * 0.4f);
            set(face, "mEyesDist", picture.getWidth() / 2.5f);
            faces[0] = face;
            return 1;
        } catch (ReflectiveOperationException absent) {
            throw new UnsupportedOperationException("no face can be made", absent);
        }
    }

    private static void set(Object face, String name, float value) throws ReflectiveOperationException {
        Field field = face.getClass().getDeclaredField(name);
        field.setAccessible(true);
        field.setFloat(face, value);
    }
}
