// SPDX-License-Identifier: Apache-2.0
package daylight.host;

import android.graphics.Bitmap;
import android.graphics.BitmapFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.robolectric.RobolectricTestRunner;
import org.robolectric.RuntimeEnvironment;
import org.robolectric.annotation.Config;
import org.robolectric.annotation.GraphicsMode;

/**
 * The service: Android's framework comes up once, then pictures go through the app until daylight has no more. Requests and answers are
 * JSON; each request has one answer.
 */
@RunWith(RobolectricTestRunner.class)
@Config(sdk = 34, application = android.app.Application.class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
public final class Host {
    private Entries entries;

    @Test
    public void serve() {
        Natives.dataFolder(RuntimeEnvironment.getApplication().getDataDir().getAbsolutePath());
        entries = new Entries(RuntimeEnvironment.getApplication());
        answer("{\"ready\":true}");
        for (byte[] request = Natives.receive(); request != null; request = Natives.receive()) {
            Map<?, ?> message = (Map<?, ?>) Json.parse(new String(request, StandardCharsets.UTF_8));
            String what = (String) message.get("do");
            if ("entry".equals(what)) {
                answer(addEntry(message));
            } else if ("picture".equals(what)) {
                answer(showPicture(message));
            } else {
                break;
            }
        }
        Natives.finish(0, "");
        answer("{\"finished\":true}");
    }

    private static void answer(String json) {
        Natives.send(json.getBytes(StandardCharsets.UTF_8));
    }

    private static String failed(Throwable why) {
        return "{\"error\":" + Json.quoted(wordsOf(why)) + "}";
    }

    /** The innermost cause, in one line. */
    private static String wordsOf(Throwable why) {
        Throwable cause = why;
        for (int i = 0; i < 32 && cause.getCause() != null; ++i) cause = cause.getCause();
        try {
            return String.valueOf(cause);
        } catch (RuntimeException itsOwnCode) {
            return cause.getClass().getName();
        }
    }

    private String addEntry(Map<?, ?> message) {
        try {
            Entries.Entry added = entries.add((Map<?, ?>) message.get("entry"));
            return "{\"ok\":true,\"descriptor\":" + Json.quoted(added.descriptor) + "}";
        } catch (Throwable why) {
            Natives.note(Natives.ERROR, "entry", wordsOf(why));
            return failed(why);
        }
    }

    private String showPicture(Map<?, ?> message) {
        long id = ((Double) message.get("id")).longValue();
        String path = (String) message.get("path");
        List<?> asked = (List<?>) message.get("entries");
        StringBuilder answers = new StringBuilder("{\"answers\":[");
        boolean threw = false;
        try {
            byte[] file = Files.readAllBytes(Path.of(path));
            Natives.beginPicture(id, (String) message.get("file"), 0, file);
            Bitmap bitmap = BitmapFactory.decodeByteArray(file, 0, file.length);
            if (bitmap == null) {
                Natives.endPicture(id, Natives.THREW, "not a picture that Android decodes");
                return "{\"error\":\"not a picture that Android decodes\"}";
            }
            Entries.Picture picture = new Entries.Picture(path, file, bitmap);
            for (int i = 0; i < asked.size(); ++i) {
                if (i > 0) answers.append(',');
                try {
                    Object result = entries.get(((Double) asked.get(i)).intValue()).call(picture);
                    answers.append("{\"value\":").append(new ObjectText().of(result)).append('}');
                } catch (Throwable thrown) {
                    threw = true;
                    answers.append(failed(thrown));
                }
            }
            bitmap.recycle();
            Natives.endPicture(id, threw ? Natives.THREW : Natives.RETURNED, "");
        } catch (Throwable why) {
            Natives.endPicture(id, Natives.THREW, wordsOf(why));
            return failed(why);
        }
        return answers.append("]}").toString();
    }
}
