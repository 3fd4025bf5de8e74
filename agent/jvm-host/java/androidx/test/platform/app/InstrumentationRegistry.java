// SPDX-License-Identifier: Apache-2.0
// What Robolectric wants of androidx.test, which is not published where its other parts are: nothing of it does anything here.
package androidx.test.platform.app;

import android.app.Instrumentation;
import android.os.Bundle;

public final class InstrumentationRegistry {
    private static Instrumentation instance;

    private InstrumentationRegistry() {}

    public static void registerInstance(Instrumentation instrumentation, Bundle arguments) {
        instance = instrumentation;
    }

    public static Instrumentation getInstrumentation() {
        return instance;
    }

    public static Bundle getArguments() {
        return new Bundle();
    }
}
