// SPDX-License-Identifier: Apache-2.0
package daylight.host;

import android.graphics.Bitmap;
import android.media.FaceDetector;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Answers for parts of Android that are not here. Each says in the trace that it is one. */
public final class Substitutes {
    private static final int MAX_TOLD = 1_000;
    private static final Set<String> told = ConcurrentHashMap.newKeySet();

    private Substitutes() {}

    /** Before the app calls what only Google's services on a phone answer: nothing stands in for them, which the trace says once of each method. */
    public static void absent(String method) {
        if (told.size() < MAX_TOLD && told.add(method)) {
            Natives.note(Natives.WARNING, "absent " + method, "the app's own class runs, but the phone's services behind it are not here");
        }
    }

    /** In place of the phone's face finder: ours. What it refuses, this refuses too. */
    public static int findFaces(FaceDetector detector, Bitmap picture, FaceDetector.Face[] faces) {
        String where = "substitute android.media.FaceDetector";
        if (picture.getWidth() != number(detector, "mWidth") || picture.getHeight() != number(detector, "mHeight")) {
            throw new IllegalArgumentException("bitmap size doesn't match initialization");
        }
        int wanted = number(detector, "mMaxFaces");
        if (faces.length < wanted) throw new IllegalArgumentException("faces[] smaller than maxFaces");
        Faces.Face[] found;
        try {
            found = Faces.in(picture);
        } catch (UnsupportedOperationException absent) {
            Natives.note(Natives.ERROR, where, "no faces: " + absent.getMessage());
            throw absent;
        }
        int given = Math.min(found.length, wanted);
        for (int i = 0; i < given; ++i) faces[i] = made(found[i]);
        Natives.note(Natives.WARNING, where, "OpenCV's Haar cascade in place of the phone's finder: " + found.length + " faces found, " + given + " given");
        return given;
    }

    private static FaceDetector.Face made(Faces.Face found) {
        try {
            Constructor<FaceDetector.Face> make = FaceDetector.Face.class.getDeclaredConstructor();
            make.setAccessible(true);
            FaceDetector.Face face = make.newInstance();
            set(face, "mConfidence", 1.0f);
            set(face, "mMidPointX", found.x() + found.side() / 2);
            set(face, "mMidPointY", found.y() + found.side() * Faces.EYE_LINE);
            set(face, "mEyesDist", found.side() * Faces.EYE_DISTANCE);
            return face;
        } catch (ReflectiveOperationException absent) {
            throw new UnsupportedOperationException("no face can be made", absent);
        }
    }

    private static int number(FaceDetector detector, String name) {
        try {
            Field field = FaceDetector.class.getDeclaredField(name);
            field.setAccessible(true);
            return field.getInt(detector);
        } catch (ReflectiveOperationException absent) {
            throw new UnsupportedOperationException("not Android's FaceDetector", absent);
        }
    }

    private static void set(Object face, String name, float value) throws ReflectiveOperationException {
        Field field = face.getClass().getDeclaredField(name);
        field.setAccessible(true);
        field.setFloat(face, value);
    }
}
