// SPDX-License-Identifier: Apache-2.0
// What Robolectric wants of androidx.test, which is not published where its other parts are: nothing of it does anything here.
package androidx.test.runner.lifecycle;

public final class ApplicationLifecycleMonitorRegistry {
    private ApplicationLifecycleMonitorRegistry() {}

    public static void registerInstance(ApplicationLifecycleMonitor monitor) {}
}
